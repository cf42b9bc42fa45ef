import type { AnyPlugin } from '../runner/plugin.ts'
import llmRouter from './llm-router/index.ts'
import promptGuard from './prompt-guard/index.ts'
import semanticCache from './semantic-cache/index.ts'
import tokenMetering from './token-metering/index.ts'

/** The built-in plugins. A route uses those that its `ext-plugin-pre-req` conf names, in the order of the conf. */
export const builtinPlugins: readonly AnyPlugin[] = [promptGuard, semanticCache, llmRouter, tokenMetering]
