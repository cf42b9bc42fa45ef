/** Kinds of secrets and personal data that can be looked for. */
export const SECRET_KINDS = [
  'api_key',
  'private_key',
  'jwt',
  'url_credentials',
  'cn_id',
  'cn_mobile',
  'bank_card',
  'email',
  'ipv4',
] as const

export type SecretKind = (typeof SECRET_KINDS)[number]

export type TokenRow = {
  id: string
  kind: SecretKind
  /** The token starts with this, in this case. */
  prefix: string
  /** The whole token; sticky, every repetition bounded, so that a trial costs a bounded time. */
  shape: RegExp
  example: string
}

/** Token shapes that issuers document or that are well known in the field. */
export const TOKENS: readonly TokenRow[] = [
  {
    id: 'openai',
    kind: 'api_key',
    prefix: 'sk-',
    shape: /sk-(?:proj-|svcacct-|admin-)?[\w-]{20,200}/y,
    example: `sk-proj-${'a1B2'.repeat(10)}`,
  },
  {
    id: 'aws-access-key',
    kind: 'api_key',
    prefix: 'AKIA',
    shape: /AKIA[0-9A-Z]{16}(?![0-9A-Za-z])/y,
    example: `AKIA${'Q2W3'.repeat(4)}`,
  },
  {
    id: 'aws-temporary-key',
    kind: 'api_key',
    prefix: 'ASIA',
    shape: /ASIA[0-9A-Z]{16}(?![0-9A-Za-z])/y,
    example: `ASIA${'Q2W3'.repeat(4)}`,
  },
  {
    id: 'aliyun-access-key',
    kind: 'api_key',
    prefix: 'LTAI',
    shape: /LTAI[0-9A-Za-z]{12,26}(?![0-9A-Za-z])/y,
    example: `LTAI${'5tAb'.repeat(4)}`,
  },
  {
    id: 'tencent-secret-id',
    kind: 'api_key',
    prefix: 'AKID',
    shape: /AKID[0-9A-Za-z]{32}(?![0-9A-Za-z])/y,
    example: `AKID${'zX3c'.repeat(8)}`,
  },
  {
    id: 'github',
    kind: 'api_key',
    prefix: 'gh',
    shape: /gh[pousr]_[0-9A-Za-z]{36,255}/y,
    example: `ghp_${'a1B2'.repeat(9)}`,
  },
  {
    id: 'github-fine-grained',
    kind: 'api_key',
    prefix: 'github_pat_',
    shape: /github_pat_\w{50,255}/y,
    example: `github_pat_${'a1B2'.repeat(15)}`,
  },
  {
    id: 'gitlab',
    kind: 'api_key',
    prefix: 'glpat-',
    shape: /glpat-[\w-]{20,64}/y,
    example: `glpat-${'a1B2'.repeat(5)}`,
  },
  {
    id: 'google',
    kind: 'api_key',
    prefix: 'AIza',
    shape: /AIza[\w-]{35}(?![\w-])/y,
    example: `AIza${'a1B2c'.repeat(7)}`,
  },
  {
    id: 'slack',
    kind: 'api_key',
    prefix: 'xox',
    shape: /xox[abeoprs]-[0-9A-Za-z-]{10,250}/y,
    example: `xoxb-${'12ab'.repeat(6)}`,
  },
  {
    id: 'slack-app',
    kind: 'api_key',
    prefix: 'xapp-',
    shape: /xapp-[0-9A-Za-z-]{20,250}/y,
    example: `xapp-${'12ab'.repeat(8)}`,
  },
  {
    id: 'stripe',
    kind: 'api_key',
    prefix: 'sk_live_',
    shape: /sk_live_[0-9A-Za-z]{16,200}/y,
    example: `sk_live_${'a1B2'.repeat(6)}`,
  },
  {
    id: 'stripe-restricted',
    kind: 'api_key',
    prefix: 'rk_live_',
    shape: /rk_live_[0-9A-Za-z]{16,200}/y,
    example: `rk_live_${'a1B2'.repeat(6)}`,
  },
  {
    id: 'hugging-face',
    kind: 'api_key',
    prefix: 'hf_',
    shape: /hf_[0-9A-Za-z]{30,60}(?![0-9A-Za-z])/y,
    example: `hf_${'aBcD'.repeat(9)}`,
  },
  {
    id: 'npm',
    kind: 'api_key',
    prefix: 'npm_',
    shape: /npm_[0-9A-Za-z]{36}(?![0-9A-Za-z])/y,
    example: `npm_${'a1B2'.repeat(9)}`,
  },
  {
    id: 'pypi',
    kind: 'api_key',
    prefix: 'pypi-AgE',
    shape: /pypi-AgE[\w-]{50,250}/y,
    example: `pypi-AgE${'a1B2'.repeat(15)}`,
  },
  {
    id: 'sendgrid',
    kind: 'api_key',
    prefix: 'SG.',
    shape: /SG\.[\w-]{16,32}\.[\w-]{16,64}/y,
    example: `SG.${'a1B2'.repeat(5)}.${'a1B2'.repeat(10)}`,
  },
  {
    id: 'groq',
    kind: 'api_key',
    prefix: 'gsk_',
    shape: /gsk_[0-9A-Za-z]{40,64}/y,
    example: `gsk_${'a1B2'.repeat(13)}`,
  },
  {
    id: 'xai',
    kind: 'api_key',
    prefix: 'xai-',
    shape: /xai-[0-9A-Za-z]{60,100}/y,
    example: `xai-${'a1B2'.repeat(20)}`,
  },
  {
    id: 'digitalocean',
    kind: 'api_key',
    prefix: 'dop_v1_',
    shape: /dop_v1_[0-9a-f]{64}/y,
    example: `dop_v1_${'0af3'.repeat(16)}`,
  },
  {
    id: 'shopify',
    kind: 'api_key',
    prefix: 'shpat_',
    shape: /shpat_[0-9a-fA-F]{32}/y,
    example: `shpat_${'0af3'.repeat(8)}`,
  },
  {
    id: 'bearer',
    kind: 'api_key',
    prefix: 'Bearer ',
    shape: /Bearer [\w.~+/-]{32,500}={0,2}/y,
    example: `Bearer ${'a1B2'.repeat(9)}`,
  },
  {
    id: 'bearer-in-small-letters',
    kind: 'api_key',
    prefix: 'bearer ',
    shape: /bearer [\w.~+/-]{32,500}={0,2}/y,
    example: `bearer ${'a1B2'.repeat(9)}`,
  },
  {
    id: 'aws-secret-key',
    kind: 'api_key',
    prefix: 'aws_secret_access_key',
    shape: /aws_secret_access_key["']?\s{0,4}[=:]\s{0,4}["']?[\w/+]{40}(?![\w/+=])/y,
    example: `aws_secret_access_key = ${'a1B/c'.repeat(8)}`,
  },
  {
    id: 'aws-secret-key-in-environment',
    kind: 'api_key',
    prefix: 'AWS_SECRET_ACCESS_KEY',
    shape: /AWS_SECRET_ACCESS_KEY["']?\s{0,4}[=:]\s{0,4}["']?[\w/+]{40}(?![\w/+=])/y,
    example: `AWS_SECRET_ACCESS_KEY=${'a1B/c'.repeat(8)}`,
  },
  {
    id: 'azure-storage',
    kind: 'api_key',
    prefix: 'AccountKey=',
    shape: /AccountKey=[\w/+]{86}==/y,
    example: `AccountKey=${'a1'.repeat(43)}==`,
  },
  {
    id: 'slack-webhook',
    kind: 'api_key',
    prefix: 'hooks.slack.com/services/',
    shape: /hooks\.slack\.com\/services\/\w{8,20}\/\w{8,20}\/\w{20,40}/y,
    example: `hooks.slack.com/services/T${'0A1B'.repeat(2)}/B${'0A1B'.repeat(2)}/${'a1B2'.repeat(6)}`,
  },
  {
    id: 'pem',
    kind: 'private_key',
    prefix: '-----BEGIN ',
    shape:
      /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){0,8000}(?:-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?/y,
    example: `-----BEGIN PRIVATE KEY-----\n${'MIIE'.repeat(16)}\n-----END PRIVATE KEY-----`,
  },
  {
    id: 'jwt',
    kind: 'jwt',
    prefix: 'eyJ',
    shape: /eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{16,1000}/y,
    example: `eyJ${'hbGc'.repeat(5)}.eyJ${'zdWI'.repeat(6)}.${'a1B2'.repeat(10)}`,
  },
  {
    id: 'url-credentials',
    kind: 'url_credentials',
    prefix: '://',
    shape: /:\/\/[^\s:/@?#]{0,100}:[^\s:/@?#]{3,100}@(?=[\w.-])/y,
    example: '://app:s3cret@db.internal',
  },
]
