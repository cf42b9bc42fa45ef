import { stringOf } from './json.ts'

const silentKeys: ReadonlySet<string> = new Set([
  'type',
  'id',
  'call_id',
  'tool_call_id',
  'tool_use_id',
  'approval_request_id',
  'server_label',
  'server_name',
  'container_id',
  'status',
  'phase',
  'cache_control',
  'prefix',
  'partial',
  'detail',
  'format',
  'url',
  'images',
  'image',
  'image_url',
  'video',
  'video_url',
  'audio',
  'audio_url',
  'input_audio',
  'source',
  'signature',
  'thought_signature',
  'reasoning_details',
  'extra_content',
  'provider_specific_fields',
  'annotations',
  'acknowledged_safety_checks',
  'pending_safety_checks',
  'logprobs',
])

/** Fields of a part, message or item that say where a text belongs or what it is, or hold no text at all. */
export function isSilent(key: string): boolean {
  return silentKeys.has(key)
}

/** Discriminators, ids and binary payloads inside free-form JSON are no language and would only trip a masker. */
export function mechanical(part: Record<string, unknown>, key: string): boolean {
  switch (key) {
    case 'type':
      return 'text' in part || 'image_url' in part || 'file_id' in part
    case 'image_url':
    case 'file_data':
    case 'file_id':
    case 'encrypted_content':
    case 'encrypted_index':
    case 'b64_json':
      return true
    case 'data':
      return isBinary(part)
    case 'result':
      return part.type === 'image_generation_call'
    default:
      return false
  }
}

const binaryTypes = /^(?:image|audio|video|resource|redacted_thinking)/
const binaryMedia = /^(?:image|audio|video|font)\/|^application\/(?:pdf|octet-stream|zip)/

/** As MCP writes images, and Anthropic what only its models can read. */
function isBinary({ type, mimeType, media_type: mediaType }: Record<string, unknown>): boolean {
  const media = stringOf(mimeType) ?? stringOf(mediaType)
  return media === undefined ? binaryTypes.test(stringOf(type) ?? '') : binaryMedia.test(media)
}

/** A shorter one takes no time, and may be a text that wants to pass for an image. */
const minBinaryUrl = 2_000
const binaryUrl = /^data:(?:image|audio|video|font)\/[\w.+-]{1,60};base64,[\w+/=-]*$/

/** Whether a text is nothing but an image or sound, as tools give them: a second of CPU time for two megabytes. */
export function isBinaryUrl(text: string): boolean {
  return text.length >= minBinaryUrl && text.startsWith('data:') && binaryUrl.test(text)
}
