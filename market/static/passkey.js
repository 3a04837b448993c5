// Has the device open or make a passkey and sends its answer with the form. Where the browser cannot, the form stays
// hidden and the page's other way is the one in sight.
"use strict";
const form = document.getElementById("passkey");

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function asked() {
  const answer = await fetch(form.dataset.ask, { method: "POST", body: new FormData(form) });
  // Signed out, or too long ago that it was shown who it is: the page itself leads on.
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(answer.status);
  const options = await answer.json();
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const each of [...(options.allowCredentials || []), ...(options.excludeCredentials || [])]) each.id = bytes(each.id);
  return options;
}

function told(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[name]) response[name] = text(credential.response[name]);
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  const stopped = document.getElementById("passkey-stopped");
  button.disabled = true;
  stopped.hidden = true;
  try {
    const publicKey = await asked();
    const credential = await navigator.credentials[publicKey.user ? "create" : "get"]({ publicKey });
    form.elements.credential.value = told(credential);
    form.submit();
  } catch {
    stopped.hidden = false;
    button.disabled = false;
  }
});

if (form && window.PublicKeyCredential && navigator.credentials) {
  form.hidden = false;
  document.getElementById("passkey-unknown")?.remove();
}
