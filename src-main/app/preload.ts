import { ipcRenderer } from "electron";

/** The page's globals that are touched here; the rest of the DOM has no business in this process. */
declare const window: {
  postMessage(message: string, target: string, ports: readonly unknown[]): void;
  addEventListener(name: "DOMContentLoaded", listener: () => void): void;
};
declare const location: { readonly origin: string };

/** Hands the page one port and nothing of Electron. A port cannot cross the context bridge, so it is posted once. */
ipcRenderer.once("robotrader-port", (event) => {
  window.postMessage("robotrader-port", location.origin, event.ports);
});
window.addEventListener("DOMContentLoaded", () => ipcRenderer.send("robotrader-connect"));
