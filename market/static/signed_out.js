// Nobody is signed in: what a stall's phone kept to work without a network is not shown to whoever comes next (sw.js).
"use strict";
(async () => {
  (await navigator.serviceWorker?.getRegistration("/stall/"))?.active?.postMessage("signed out");
  for (const name of (await self.caches?.keys()) ?? []) if (name.startsWith("pages-")) await caches.delete(name);
})();
