// What scripts say, in the language of the page. English stands in the sources; other languages are fetched once.
//
//   t("Paused")
//   t("{name} was deleted", { name })
//   n(count, "{count} file", "{count} files")

const { lang } = document.documentElement;
const strings = await translations();
const plurals = new Intl.PluralRules(lang);

export function t(text, values = {}) {
  return filled(strings[text] ?? text, values);
}

export function n(count, one, many, values = {}) {
  const forms = strings[one];
  const text = forms ? (forms[plurals.select(count)] ?? forms.other) : count === 1 ? one : many;
  return filled(text, { count: count.toLocaleString(lang), ...values });
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

async function translations() {
  const address = document.documentElement.dataset.strings;
  if (!address) return {};
  try {
    return await (await fetch(address)).json();
  } catch {
    return {};
  }
}
