import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'node_modules/**',
      'test/fixtures/**',
      'test/e2e/artifacts/**',
      '**/generated/**',
      '**/*.mjs',
      '**/*.cjs',
      '**/*.mts',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './src/webview/tsconfig.json', './test/tsconfig.webview.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': 'off',
      eqeqeq: 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['src/extension/**'],
    ignores: ['src/extension/quickPick.ts'],
    rules: {
      // A network disk takes seconds, and all extensions wait for this thread meanwhile.
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['fs', 'node:fs'],
              importNamePattern: 'Sync$|^default$|^\\*$',
              allowTypeImports: true,
              message: 'Use node:fs/promises: the disk may be slow.',
            },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        ...['showQuickPick', 'createQuickPick'].map((property) => ({
          property,
          message: 'Use src/extension/quickPick.ts: its lists stay when a panel takes the focus.',
        })),
      ],
    },
  },
);
