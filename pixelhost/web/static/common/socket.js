// A websocket that comes back: after a loss it is opened again, each time a little later, and not while nobody looks.

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60000;

// `opened(send)` is called with every new connection, `received` with every message, as an object. Returns what ends it.
export function live(path, { opened = () => {}, received }) {
  let socket;
  let wait = FIRST_WAIT_MS;
  let timer;
  let isOver = false;

  function open() {
    socket = new WebSocket(new URL(path, location.href.replace(/^http/, "ws")));
    socket.addEventListener("open", () => {
      wait = FIRST_WAIT_MS;
      // What is said while there is no connection is for `opened` to say again.
      opened((message) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message)));
    });
    socket.addEventListener("message", (event) => received(JSON.parse(event.data)));
    socket.addEventListener("close", again);
  }

  function again() {
    if (isOver) return;
    timer = setTimeout(() => (document.hidden ? again() : open()), wait);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }

  open();
  return () => {
    isOver = true;
    clearTimeout(timer);
    socket.close();
  };
}
