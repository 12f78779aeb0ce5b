<?php
// Default options of php-memcached; the first argument is the port.
function check(bool $good, string $what): void
{
    if ($good) return;
    echo "failed: $what\n";
    exit(1);
}

$client = new Memcached();
$client->addServer('127.0.0.1', (int) $argv[1]);
foreach ([0, 1, 1000, 100000, 1000000] as $size) {
    $value = $size > 0 ? random_bytes($size) : '';
    check($client->set("h$size", $value), "set $size: " . $client->getResultMessage());
    check($client->get("h$size") === $value, "get $size");
}
$many = [];
for ($i = 0; $i < 1000; $i++) $many["h-many$i"] = "value $i";
check($client->setMulti($many), 'setMulti');
check($client->getMulti(array_keys($many)) == $many, 'getMulti');
$ordered = $client->getMulti(['h-many3', 'h-absent', 'h-many1'], Memcached::GET_PRESERVE_ORDER);
check($ordered === ['h-many3' => 'value 3', 'h-absent' => null, 'h-many1' => 'value 1'], 'order');
check($client->deleteMulti(['h-many1', 'h-many2']) == ['h-many1' => true, 'h-many2' => true], 'deleteMulti');
$client->set('h-n', 5);
check($client->increment('h-n', 3) === 8, 'increment');
check($client->decrement('h-n', 1) === 7, 'decrement');
check($client->touch('h-n', 100), 'touch');
check($client->delete('h-n'), 'delete');
check($client->get('h-n') === false, 'get of what is deleted');
check($client->add('h-n', 'x') && !$client->add('h-n', 'y'), 'add');
check($client->replace('h-n', 'z'), 'replace');
$client->setOption(Memcached::OPT_COMPRESSION, false);
check($client->append('h-n', 'y') && $client->prepend('h-n', 'x'), 'append and prepend');
$item = $client->get('h-n', null, Memcached::GET_EXTENDED);
check($item['value'] === 'xzy', 'get extended');
check($client->cas($item['cas'], 'h-n', 'new'), 'cas');
check(!$client->cas($item['cas'], 'h-n', 'newer'), 'cas of a changed item');
check(count($client->getStats()) === 1, 'stats');
check(count($client->getVersion()) === 1, 'version');
check(!$client->set('h-huge', random_bytes(2000000)), 'a value of 2 MB');
check($client->get('h-n') === 'new', 'get after a refused value');
check(!$client->flush(), 'flush');
$binary = new Memcached();
$binary->setOption(Memcached::OPT_BINARY_PROTOCOL, true);
$binary->addServer('127.0.0.1', (int) $argv[1]);
check(!$binary->set('h-b', 'x'), 'the binary protocol is refused');
check($client->quit(), 'quit');
echo "ok\n";
