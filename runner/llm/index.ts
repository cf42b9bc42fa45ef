export { canonicalRequest } from './canonical.ts'
export { endpointOf } from './endpoint.ts'
export { anthropicError, errorBody, openAiError } from './errors.ts'
export { readAnswer, readUsage } from './read-answer.ts'
export { renderAnswer } from './render.ts'
export type { Replacement } from './replace-text.ts'
export { replaceText, replaceTexts } from './replace-text.ts'
export { includeUsage, maxTokensOf, requestFeatures } from './request-features.ts'
export { lastUserText, textParts, textSteps, toolTexts } from './request-text.ts'
export { appendSystemPrompt } from './system-prompt.ts'
export { outputTokens } from './token-usage.ts'
export type {
  Answer,
  AnswerChoice,
  AnswerError,
  AnswerHint,
  AnswerSummary,
  ApiError,
  Endpoint,
  JsonObject,
  JsonPath,
  JsonValue,
  LlmApi,
  RenderableEndpoint,
  RenderOptions,
  RequestFeatures,
  RequestValidation,
  StoredAnswer,
  TextPart,
  TextRole,
  TokenUsage,
  ToolCall,
} from './types.ts'
export type { ValidateOptions } from './validate.ts'
export { validateRequest } from './validate.ts'
