import tseslint from "typescript-eslint";

/** Only what biome cannot see: promises and exhaustive switches, with type information. */
export default tseslint.config(
  { ignores: ["**/generated/**", ".tsbuild/**", "**/node_modules/**", "**/*.js", "**/*.cjs", "**/*.mjs"] },
  {
    files: ["**/*.ts"],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        project: ["./packages/*/tsconfig.json", "./tsconfig.test.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { "@typescript-eslint": tseslint.plugin },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // Tests, benchmarks and scripts have a project of their own, which the search from each file does not find.
    files: ["packages/*/{test,scripts}/**/*.ts", "{test,bench,scripts}/**/*.ts"],
    languageOptions: { parserOptions: { projectService: false, project: "tsconfig.test.json" } },
  },
);
