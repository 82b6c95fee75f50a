import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const GENERATED = 'libraries/protocol/src/generated/**/*.ts';

export default tseslint.config(
  { ignores: ['**/node_modules/**', 'output/**', 'coverage/**'] },
  // What is generated is only parsed: a check of the files of a change may name them.
  { files: [GENERATED], languageOptions: { parser: tseslint.parser } },
  { ...js.configs.recommended, ignores: [GENERATED] },
  {
    files: ['**/*.ts'],
    ignores: [GENERATED],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          ignoreRestSiblings: true,
          argsIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          destructuredArrayIgnorePattern: '^_',
        },
      ],
      complexity: ['error', 15],
      'max-depth': ['error', 4],
      'max-params': ['error', 5],
      // A longer file says after `--` in its directive why it is one.
      'max-lines': ['error', 300],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    // One place makes printable what a terminal is shown; what is written past it could command the terminal.
    files: ['cli/src/**/*.ts'],
    ignores: ['cli/src/terminal/streams.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name=/^(stdout|stderr)$/]",
          message: 'Write through cli/src/terminal/streams.ts, which makes text from elsewhere printable.',
        },
      ],
      'no-restricted-imports': ['error', 'node:process', 'process'],
    },
  },
  {
    // A log's message is constant: what differs is a field, which is hidden where it may be private.
    files: [
      'trainer/src/**/*.ts',
      'libraries/cohort/src/**/*.ts',
      'libraries/slides/src/**/*.ts',
      'libraries/engine/src/**/*.ts',
    ],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.object.property.name=/[lL]ogger$/] > :matches(TemplateLiteral[expressions.length>0], BinaryExpression), ' +
            'CallExpression[callee.object.name=/^(logger|log)$/] > :matches(TemplateLiteral[expressions.length>0], BinaryExpression)',
          message:
            'The message of a log line is a constant; what differs is a field, hidden where it may be private.',
        },
      ],
    },
  },
  {
    files: ['**/*.test.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  {
    // The suites look at objects as the cluster gives them; what is not as expected is for `expect` to say.
    files: ['e2e/src/suite/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'URL',
          'require',
          'module',
          'Buffer',
          'setTimeout',
          'clearTimeout',
          '__dirname',
          'AbortController',
          'performance',
        ].map((name) => [name, 'readonly']),
      ),
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
