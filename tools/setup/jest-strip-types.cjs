'use strict';
// The same stripper that `node file.ts` uses: positions are kept, so no source map is needed.
const { stripTypeScriptTypes } = require('node:module');
module.exports = {
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }),
  processAsync: async (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }),
};
