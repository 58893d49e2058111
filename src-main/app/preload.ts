import { ipcRenderer } from "electron";

/** The page's globals that are touched here; the rest of the DOM has no business in this process. */
declare const window: {
  postMessage(message: string, target: string, ports: readonly unknown[]): void;
  addEventListener(name: "message", listener: (event: { readonly data: unknown }) => void): void;
};
declare const location: { readonly origin: string };

/** Hands the page a port and nothing of Electron. A port cannot cross the context bridge, so it is posted. */
ipcRenderer.on("robotrader-port", (event) => {
  window.postMessage("robotrader-port", location.origin, event.ports);
});
window.addEventListener("message", ({ data }) => {
  if (data === "robotrader-connect") ipcRenderer.send("robotrader-connect");
});
