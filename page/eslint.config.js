import js from "@eslint/js";
import tseslint from "typescript-eslint";

const ways = (message, ...selectors) => selectors.map((selector) => ({ selector, message }));

export default tseslint.config(
  { ignores: ["node_modules/", "src/api/schema.d.ts"] },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      // What calls are named is free text: it is shown as text nodes only.
      "no-restricted-syntax": [
        "error",
        ...ways(
          "Text from records reaches the page as text nodes only.",
          "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          "AssignmentExpression[left.property.name=/^(innerHTML|outerHTML)$/]",
          "CallExpression[callee.property.name=/^(insertAdjacentHTML|write)$/][callee.object.name='document']",
        ),
      ],
    },
  },
);
