import { defineConfig } from "vite";

// One script and one style sheet with fixed names: the report takes both whole, the server by name.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/descentry/assets/web",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    rollupOptions: {
      output: { entryFileNames: "page.js", assetFileNames: "page[extname]", codeSplitting: false },
    },
  },
});
