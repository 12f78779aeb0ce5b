import { PROXY_ALIVE_MS } from '../../limits.ts';

/**
 * What a witness does, all at once. For each shard it has a hash: the record (`epoch`, `address`,
 * `done`, `written`), what it has promised (`term`, `by`, `lease`), and what each proxy said last.
 * A term is promised to nobody else while its lease runs, and what is written in an older one than
 * it has promised is refused: of two proxies that write, one fails at every majority.
 */
export const WITNESS_SCRIPT = `
local key, op, id = KEYS[1], ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local h = {}
local all = redis.call('HGETALL', key)
for i = 1, #all, 2 do h[all[i]] = all[i + 1] end
local function text(n) return string.format('%.0f', n) end
local function number(name) return tonumber(h[name] or '0') or 0 end
local function set(name, value)
  h[name] = value
  redis.call('HSET', key, name, value)
end
local function write(epoch, address, term, done)
  set('epoch', epoch)
  set('address', address)
  set('written', term)
  set('done', done)
end
local granted = '0'
if op == 'report' then
  set('p:' .. id, text(now) .. ' ' .. ARGV[3])
  local epoch = tonumber(ARGV[4])
  local old = number('epoch')
  if epoch > old or (epoch > 0 and epoch == old and h.done ~= '1') then
    write(ARGV[4], ARGV[5], ARGV[6], '1')
  end
  granted = '1'
elseif op == 'prepare' then
  local left = number('lease') - now
  -- A clock that was set back must not make a lease longer.
  local free = left <= 0 or left > tonumber(ARGV[4]) or h.by == id
  if free and tonumber(ARGV[3]) > number('term') then
    set('term', ARGV[3])
    set('by', id)
    set('lease', text(now + ARGV[4]))
    granted = '1'
  end
elseif h.by == id and number('term') == tonumber(ARGV[3]) then
  if op == 'release' then
    set('lease', '0')
    granted = '1'
  elseif tonumber(ARGV[4]) >= number('epoch') then
    write(ARGV[4], ARGV[5], ARGV[3], ARGV[6])
    granted = '1'
  end
end
local live, down, frozen = 0, 0, 0
for name, value in pairs(h) do
  if string.sub(name, 1, 2) == 'p:' then
    local at, state = string.match(value, '^(%d+) (%d)$')
    if at == nil or math.abs(now - tonumber(at)) > ${PROXY_ALIVE_MS} then
      redis.call('HDEL', key, name)
    else
      live = live + 1
      if state == '1' then down = down + 1 end
      if state == '2' then frozen = frozen + 1 end
    end
  end
end
return {granted, text(number('epoch')), h.address or '', h.done or '0', text(number('written')),
  text(number('term')), text(live), text(down), text(frozen)}
`;

/** What a proxy says of the master of a shard. */
export const STATE_UP = '0';
export const STATE_DOWN = '1';
export const STATE_FROZEN = '2';
