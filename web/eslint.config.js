import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["**/dist/**", "**/dev-dist/**", "node_modules/**"] },
  ...tseslint.configs.strictTypeChecked.map((each) => ({ ...each, files: ["**/*.ts", "**/*.tsx"] })),
  {
    files: ["**/*.ts", "**/*.tsx"],
    languageOptions: {
      parserOptions: {
        project: [
          "packages/*/tsconfig.json",
          "apps/*/tsconfig.json",
          "apps/*/tsconfig.worker.json",
          "bench/tsconfig.json",
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Numbers and booleans in a template are what a reader expects them to be.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      // A name with an underscore says that it is there for its place only.
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-console": "error",
      eqeqeq: "error",
    },
  },
  {
    // The ladder: core knows nobody, the domain packages know core, the app knows the engine's interface.
    files: ["packages/core/**/*.ts"],
    rules: {
      "no-restricted-imports": ["error", { patterns: ["@octonext/*", "idb", "hash-wasm", "node:*"] }],
      "no-restricted-globals": [
        "error",
        ...[
          "Date",
          "indexedDB",
          "fetch",
          "WebSocket",
          "setTimeout",
          "setInterval",
          "navigator",
          "performance",
        ].map((name) => ({
          name,
          message: "The core takes time, randomness and I/O as arguments.",
        })),
      ],
    },
  },
  {
    files: ["packages/*/tests/**"],
    rules: { "no-restricted-imports": "off", "no-restricted-globals": "off" },
  },
  {
    files: ["packages/catalogue/src/**/*.ts", "packages/storage/src/**/*.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: ["@octonext/engine*", "@octonext/pos*"] }] },
  },
  {
    files: ["apps/**/*.tsx", "apps/**/*.ts"],
    ...jsxA11y.flatConfigs.strict,
    plugins: { ...jsxA11y.flatConfigs.strict.plugins, "react-hooks": reactHooks },
    rules: { ...jsxA11y.flatConfigs.strict.rules, ...reactHooks.configs.recommended.rules },
  },
);
