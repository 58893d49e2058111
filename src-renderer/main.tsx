import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { start } from "./connection.ts";
import "./ui/theme.css";
import "./ui/panels.css";

const root = document.getElementById("root");
if (root !== null) createRoot(root).render(<App />);
void start();
