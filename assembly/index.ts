// The module's exports; one entry for every build. Files branch on ASC_FEATURE_SIMD.

export { commandHash } from './commands';
export * from './continuum';
export { copyFragments, fragment, spliceElements } from './fragments';
export { gather, place, spliceItems } from './gather';
export * from './layout';
export { scanMemcacheRequests, splitMemcacheKeys } from './memcache';
export { matchItems } from './memcache-match';
export { scanMemcacheReplies, splitMemcacheValues } from './memcache-replies';
export { scanReplies } from './resp-replies';
export { scanRequests } from './resp-requests';
export { splitReply, splitRequest } from './resp-splitters';
export { hashKey, route } from './route';
