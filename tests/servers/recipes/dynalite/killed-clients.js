'use strict'
// Dynalite throws the error of a request that is cut off, which ends it. A client that is killed in the middle
// of a call is what tests of workers are about, and no reason for a server to end.
const CUT_OFF = new Set(['ECONNRESET', 'EPIPE'])

process.on('uncaughtException', (error) => {
  if (CUT_OFF.has(error.code)) return
  console.error(error)
  process.exit(1)
})
