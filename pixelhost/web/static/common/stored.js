// What a browser remembers of a visitor's choices. Without storage, as in some private windows, that is nothing.

export function stored(name, storage = () => localStorage) {
  try {
    return storage().getItem(name);
  } catch {
    return null;
  }
}

// `null` forgets it.
export function store(name, value, storage = () => localStorage) {
  try {
    if (value === null) storage().removeItem(name);
    else storage().setItem(name, value);
  } catch {
    // See above.
  }
}
