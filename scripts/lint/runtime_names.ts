/// <reference lib="deno.unstable" />
/** A rule of `deno lint`: only src/runtime names a runtime, so that the rest of src runs on each of them. */

const plugin: Deno.lint.Plugin = {
  name: "spillway",
  rules: {
    "runtime-names": {
      create(context) {
        const isBound = /\/src\/(?!runtime\/)/.test(context.filename);
        return {
          Identifier(node) {
            if (!isBound || (node.name !== "Deno" && node.name !== "Bun")) return;
            context.report({ node, message: `Only src/runtime names ${node.name}.` });
          },
        };
      },
    },
  },
};

export default plugin;
