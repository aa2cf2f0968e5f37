// Talks to the server: adds the API key, turns refusals into errors of one line.

const KEY = "lookmore-api-key";
let asking = null; // one dialog at a time, however many requests wait for the key

export function apiKey() {
  return sessionStorage.getItem(KEY) || "";
}

function askForKey() {
  if (asking) return asking;
  const dialog = document.getElementById("key-dialog");
  const field = document.getElementById("key");
  field.value = "";
  dialog.showModal();
  asking = new Promise((done) => {
    dialog.addEventListener("close", () => {
      sessionStorage.setItem(KEY, field.value.trim());
      asking = null;
      done();
    }, { once: true });
  });
  return asking;
}

export async function call(path, options = {}) {
  const used = apiKey();
  const headers = used ? { Authorization: `Bearer ${used}` } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is it still running?");
  }
  if (response.status === 401) {
    if (used === apiKey()) await askForKey(); // else another request has a new one already
    return call(path, options);
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail || `The server answered ${response.status}.`);
}

export async function json(path, options) {
  return (await call(path, options)).json();
}

const pictures = new Map();

// Returns the URL of a picture; fetched, because an <img> cannot send the key.
export function picture(name) {
  if (!pictures.has(name)) {
    const found = call(`/pictures/${encodeURIComponent(name)}`).then((response) => response.blob());
    pictures.set(name, found);
    found.catch(() => pictures.delete(name));
  }
  return pictures.get(name);
}
