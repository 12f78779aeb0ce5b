<?php
// What phpredis does with its default options; prints "done" when all is well.

function check(mixed $actual, mixed $expected): void
{
    if ($actual !== $expected) {
        throw new Exception(json_encode($actual) . ' is not ' . json_encode($expected));
    }
}

$client = new Redis();
$client->connect('127.0.0.1', (int) $argv[1]);
check($client->ping(), true);

check($client->set('s', "v\r\nalue", ['EX' => 100]), true);
check($client->get('s'), "v\r\nalue");
check($client->incrBy('n', 41), 41);
check($client->get('none'), false);

$client->hMSet('h', ['a' => '1', 'b' => '2']);
check($client->hGetAll('h'), ['a' => '1', 'b' => '2']);
check($client->rPush('l', 'x', 'y', 'z'), 3);
check($client->lRange('l', 0, -1), ['x', 'y', 'z']);
check($client->sAdd('set', 'm', 'n', 'm'), 2);
check($client->sIsMember('set', 'n'), true);
$client->zAdd('z', 1.5, 'one', 2, 'two');
check($client->zRange('z', 0, -1, true), ['one' => 1.5, 'two' => 2.0]);

$id = $client->xAdd('stream', '*', ['field' => 'value']);
check($client->xRange('stream', '-', '+'), [$id => ['field' => 'value']]);
$client->xGroup('CREATE', 'stream', 'group', '0');
$read = $client->xReadGroup('group', 'me', ['stream' => '>']);
check($read, ['stream' => [$id => ['field' => 'value']]]);
check($client->xAck('stream', 'group', [$id]), 1);

check($client->eval('return {KEYS[1], ARGV[1]}', ['key', 'arg'], 1), ['key', 'arg']);
$sha = $client->script('load', 'return 7');
check($client->evalSha($sha, ['elsewhere'], 1), 7);

$client->multi(Redis::PIPELINE);
for ($i = 0; $i < 1000; $i++) {
    $client->set("key:$i", "value $i");
}
check($client->exec(), array_fill(0, 1000, true));
$keys = array_map(fn ($i) => "key:$i", range(0, 998, 2));
check($client->mGet($keys), array_map(fn ($i) => "value $i", range(0, 998, 2)));

$found = [];
$cursor = null;
$client->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
while (($batch = $client->scan($cursor, 'key:*', 100)) !== false) {
    foreach ($batch as $key) {
        $found[$key] = true;
    }
}
check(count($found), 1000);

$client->select(3);
check($client->get('s'), false);
$client->select(0);
check($client->get('s'), "v\r\nalue");
check($client->rawCommand('NOSUCH', 'x'), false);
check(str_contains($client->getLastError(), "unknown command 'NOSUCH'"), true);
check($client->ping(), true);
check($client->close(), true);
echo "done\n";
