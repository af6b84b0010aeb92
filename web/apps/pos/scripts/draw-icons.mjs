/**
 * Draws public/icons/*.png from mark.svg with the Chromium of this machine (`CHROMIUM` names another):
 * `node apps/pos/scripts/draw-icons.mjs`. The PNGs are checked in; a build needs no browser.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const icons = fileURLToPath(new URL("../public/icons/", import.meta.url));
const chromium = process.env.CHROMIUM ?? "chromium";
const mark = readFileSync(join(icons, "mark.svg"), "utf8");
// A launcher cuts a maskable icon to its own shape: the ground fills the square, the drawing its middle.
const maskable = mark
    .replace('rx="15"', 'rx="0"')
    .replace("<g ", '<g transform="translate(8.50 8.50) scale(.734)" ')
    .replaceAll(
        /<circle cx="(\d+)" cy="25" r="2.8"/g,
        (_, x) => `<circle cx="${8.5 + Number(x) * 0.734}" cy="26.85" r="2.05"`,
    );

const folder = mkdtempSync(join(tmpdir(), "octonext-icons-"));
try {
    for (const [name, size, svg] of [
        ["icon-192", 192, mark],
        ["icon-512", 512, mark],
        ["maskable-512", 512, maskable],
    ]) {
        const page = join(folder, `${name}.html`);
        const sized = svg.replace("<svg ", `<svg width="${size}" height="${size}" style="display:block" `);
        writeFileSync(page, `<!doctype html><body style="margin:0">${sized}</body>`);
        const flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--default-background-color=00000000",
            "--force-device-scale-factor=1",
        ];
        execFileSync(
            chromium,
            [
                ...flags,
                `--window-size=${size},${size}`,
                `--screenshot=${join(icons, `${name}.png`)}`,
                `file://${page}`,
            ],
            { stdio: "ignore" },
        );
    }
} finally {
    rmSync(folder, { recursive: true });
}
