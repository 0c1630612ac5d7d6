<?php
// The bridge from PHP: export BRIDGE_URL=http://bridge:8080 BRIDGE_KEY=…, then
//   php itflow.php caller +12125550101 | balance 1 | emails | asset 1 PC-7

function ask(string $path, array $query = [], ?array $body = null): string
{
    $http = ['header' => 'Authorization: Bearer ' . getenv('BRIDGE_KEY'), 'ignore_errors' => true, 'timeout' => 30];
    if ($body !== null) {
        $http['method'] = 'POST';
        $http['header'] .= "\r\nContent-Type: application/x-www-form-urlencoded";
        $http['content'] = http_build_query($body);
    }
    $url = getenv('BRIDGE_URL') . $path . '?' . http_build_query($query);
    $stream = @fopen($url, 'r', false, stream_context_create(['http' => $http]));
    if ($stream === false) {
        fwrite(STDERR, error_get_last()['message'] . "\n");
        exit(1);
    }
    $answer = stream_get_contents($stream);
    $status = (int) explode(' ', stream_get_meta_data($stream)['wrapper_data'][0])[1];
    if ($status >= 400) {
        fwrite(STDERR, "$status: $answer\n");
        exit(1);
    }
    return $answer;
}

function usage(): never
{
    fwrite(STDERR, "php itflow.php caller NUMBER | balance CLIENT | emails | asset CLIENT NAME\n");
    exit(2);
}

[, $verb, $first, $second] = $argv + [1 => '', 2 => '', 3 => ''];
echo match ($verb) {
    'caller' => ask('/callerid', ['number' => $first]),
    'balance' => ask('/balance', ['client_id' => $first]),
    'emails' => ask('/emails', ['format' => 'addresses']),
    'asset' => ask('/assets', [], ['client_id' => $first, 'name' => $second]),
    default => usage(),
}, "\n";
