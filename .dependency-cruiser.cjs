/** The levels of the design: a package imports only packages of a lower level, through their public entry. */
const LEVELS = require("./scripts/package-levels.json");

/** Packages that meet the machine: all others go through the ports. The test kit runs programs and is never part of one. */
const ADAPTERS = "^packages/(common/src/node|rpc|server|cli|nodetool|testkit)/";

const levelRules = LEVELS.flatMap((packages, level) =>
  packages.map((name) => {
    const allowed = [name, ...LEVELS.slice(0, level).flat()];
    return {
      name: `level-of-${name}`,
      comment: `${name} (level ${level}) imports lower levels only`,
      severity: "error",
      from: { path: `^packages/${name}/src/` },
      to: { path: `^packages/(?!(${allowed.join("|")})/)` },
    };
  }),
);

module.exports = {
  forbidden: [
    ...levelRules,
    {
      name: "public-entry-only",
      comment: "other packages are entered through their exports, never by a relative path into their source",
      severity: "error",
      from: { path: "^packages/([^/]+)/" },
      to: {
        path: "^packages/[^/]+/src/",
        pathNot: ["^packages/$1/", "^packages/[^/]+/src/(node/|conformance/)?(index|main)[.]ts$"],
      },
    },
    {
      name: "machine-only-in-adapters",
      comment: "node: modules are met only by the ports' adapters and the programs",
      severity: "error",
      from: { path: "^packages/[^/]+/src/", pathNot: ADAPTERS },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-testkit-in-production",
      severity: "error",
      from: { path: "^packages/(?!testkit)[^/]+/src/" },
      to: { path: "^packages/testkit/" },
    },
    {
      name: "declared-dependencies-only",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(generated|[.]tsbuild)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node"],
      extensions: [".ts", ".js"],
    },
  },
};
