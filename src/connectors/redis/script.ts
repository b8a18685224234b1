/**
 * Writes or deletes keys, each only if no newer version of it was written. KEYS: for each record its key and the key of its version. ARGV: how long the version of
 * a deleted key is kept, in milliseconds; then for each record its version, and `1` and the value, or `0` and nothing to delete. Answers for each record
 * 1, 0 when a newer one is there, or the text of an error. Versions are below 2^53, which a number of Lua holds exactly.
 */
export const VERSIONED_WRITE = `
local answers = {}
for i = 1, #KEYS / 2 do
  local key, versionKey = KEYS[2 * i - 1], KEYS[2 * i]
  local version, isValue, value = ARGV[3 * i - 1], ARGV[3 * i], ARGV[3 * i + 1]
  local stored = redis.pcall('GET', versionKey)
  if type(stored) == 'table' then
    answers[i] = stored.err
  elseif stored and tonumber(stored) >= tonumber(version) then
    answers[i] = 0
  else
    if isValue == '1' then
      redis.call('SET', key, value)
      redis.call('SET', versionKey, version)
    else
      redis.call('DEL', key)
      redis.call('SET', versionKey, version, 'PX', ARGV[1])
    end
    answers[i] = 1
  end
end
return answers`;

/** True when the part of `key` in its first braces says which slot of a cluster it is in (redis.io, "Hash tags"). */
const hasHashTag = (key: string): boolean => /^[^{]*\{[^}]+\}/.test(key);

/** The key that holds the version of `key`, in the same slot of a cluster; undefined when there is no such key. */
export const versionKeyOf = (key: string, prefix: string, isCluster: boolean): string | undefined => {
  if (!isCluster || hasHashTag(key)) return `${prefix}${key}`;
  return key.includes('}') || key === '' ? undefined : `${prefix}{${key}}`;
};
