/**
 * Loaded into the process of each test file: when its tests are done and something still keeps it alive, it is named and
 * the process ends. Not `--test-force-exit`: that ends a file before what it reported was read, and before tests that
 * are registered after an `await`; both were seen, and neither shows.
 */
import { after } from 'node:test'

const GRACE_MS = 30_000

if (process.env.NODE_TEST_CONTEXT) {
  after(() => {
    const leave = () => {
      console.error(`# ${process.argv[1]} left open: ${process.getActiveResourcesInfo().join(', ')}`)
      process.exit()
    }
    setTimeout(leave, GRACE_MS).unref()
  })
}
