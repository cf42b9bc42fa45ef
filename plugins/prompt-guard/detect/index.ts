export { createDetector, type Detector, type DetectorOptions } from './detector.ts'
export { type Category, RULES, type RuleRow } from './rule-table.ts'
export { SECRET_KINDS, type SecretKind } from './secret-table.ts'
export { DEFAULT_SECRET_KINDS, findSecrets, maskSecrets, type SecretSpan, scanSecrets } from './secrets.ts'
export {
  compileUserPatterns,
  USER_PATTERN_LIMITS,
  type UserPatternError,
  type UserPatterns,
} from './user-patterns.ts'
export {
  DEFAULT_THRESHOLD,
  type Disguise,
  type Flag,
  type InspectInput,
  type Origin,
  type RuleReport,
  type Span,
  type Verdict,
  type View,
} from './verdict.ts'
