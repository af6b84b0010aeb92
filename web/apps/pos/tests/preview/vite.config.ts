/** Serves the preview of the shell; the app itself is built by ../../vite.config.ts. */
import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  plugins: [react()],
  publicDir: here("../../public"),
  define: { __APP_VERSION__: JSON.stringify("0.1.0") },
  build: { outDir: here("../../dist/preview"), emptyOutDir: true, target: "chrome100", assetsInlineLimit: 0 },
});
