/** How the browser till is built: under /till/, with hashed names and nothing inline, for a strict CSP. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const version = (JSON.parse(readFileSync(here("./package.json"), "utf8")) as { version: string }).version;

/** Old shop tablets stay on the browser of their last Android update. */
const OLDEST_BROWSER = "chrome100";

export default defineConfig({
  root: here("."),
  base: "/till/",
  plugins: [
    react(),
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src",
      filename: "service-worker.ts",
      // `shell/updates.ts` registers it: a plugin's own script would have to be inline or one request more.
      injectRegister: false,
      manifestFilename: "manifest.webmanifest",
      injectManifest: { globPatterns: ["**/*.{html,js,css,svg,png,webmanifest,wasm}"] },
      manifest: {
        id: "/till/",
        name: "OctoNext · نقطة البيع",
        short_name: "OctoNext",
        description: "The till that keeps selling without a network. نقطة بيع تستمر في البيع دون شبكة.",
        lang: "en",
        start_url: "/till/",
        scope: "/till/",
        display: "standalone",
        orientation: "any",
        background_color: "#f4f6f8",
        theme_color: "#0b6e6e",
        categories: ["business", "finance"],
        icons: [
          { src: "icons/mark.svg", sizes: "any", type: "image/svg+xml" },
          { src: "icons/icon-192.png", sizes: "192x192", type: "image/png" },
          { src: "icons/icon-512.png", sizes: "512x512", type: "image/png" },
          { src: "icons/maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
      },
    }),
  ],
  define: { __APP_VERSION__: JSON.stringify(version) },
  worker: { format: "es" },
  build: {
    outDir: here("../../../src/octonext/web/till"),
    emptyOutDir: true,
    target: OLDEST_BROWSER,
    cssTarget: OLDEST_BROWSER,
    // An inlined asset would be a data: address; everything is a file that the service worker keeps.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
