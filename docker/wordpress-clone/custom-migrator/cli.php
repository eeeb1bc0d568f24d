<?php

/**
 * Keys from the command line, as JSON on standard output:
 *
 *     php cli.php create-key [--label=TEXT] [--days=N]     {"key": "cm1_..."}
 *     php cli.php rotate-key KEY_ID [--grace=SECONDS]      {"key": "cm1_..."}
 *     php cli.php revoke-key KEY_ID                        {"revoked": true}
 *     php cli.php list-keys                                {"keys": {...}}
 *     php cli.php log                                      {"entries": [...]}
 *
 * A key ends after 365 days, as one made in the dashboard; --days=0: never.
 * Run it as the user that owns the site; WP_ROOT names the site if the plugin does not lie in it. A network whose
 * wp-config.php does not say its domain in a plain define() needs --host=DOMAIN.
 */

declare(strict_types=1);

namespace CustomMigrator;

if (PHP_SAPI !== 'cli') {
    exit;
}

/** @return string|null the wp-load.php of the site that this file lies in */
function findWpLoad(): ?string
{
    $folder = (string) getenv('WP_ROOT');
    if ($folder !== '') {
        return is_file($folder . '/wp-load.php') ? $folder . '/wp-load.php' : null;
    }
    for ($folder = __DIR__; dirname($folder) !== $folder; $folder = dirname($folder)) {
        if (is_file($folder . '/wp-load.php')) {
            return $folder . '/wp-load.php';
        }
    }
    return null;
}

/** What wp-config.php defines as a plain text: WordPress finds a network by its domain and path. */
function configured(string $load, string $constant): ?string
{
    foreach ([dirname($load), dirname($load, 2)] as $folder) {
        $config = (string) @file_get_contents($folder . '/wp-config.php');
        $define = '/^\s*define\(\s*[\'"]' . $constant . '[\'"]\s*,\s*[\'"]([^\'"]*)[\'"]/m';
        if (preg_match($define, $config, $match)) {
            return $match[1];
        }
    }
    return null;
}

/** @param array<string, string> $options */
function runCommand(string $command, string $keyId, array $options): array
{
    $keys = Plugin::keys();
    $now = time();
    $noted = static function (string $event, string $keyId) use ($now): void {
        Plugin::log()->note($event, $now, ['key_id' => $keyId, 'user' => 'command line']);
    };
    switch ($command) {
        case 'create-key':
            $end = Auth\KeyStore::endAfter((int) ($options['days'] ?? Auth\KeyStore::DEFAULT_DAYS), $now);
            $key = $keys->create($options['label'] ?? 'cli', $now, $end);
            $noted('key created', Auth\KeyStore::idOf($key));
            return ['key' => $key];
        case 'rotate-key':
            $key = $keys->rotate($keyId, $now, (int) ($options['grace'] ?? 0));
            $noted('key rotated', $keyId);
            $noted('key created', Auth\KeyStore::idOf($key));
            return ['key' => $key];
        case 'revoke-key':
            $revoked = $keys->revoke($keyId, $now);
            $revoked && $noted('key revoked', $keyId);
            return ['revoked' => $revoked];
        case 'list-keys':
            return ['keys' => (object) $keys->all()];
        case 'log':
            return ['entries' => Plugin::log()->entries()];
    }
    throw new \InvalidArgumentException('create-key, rotate-key, revoke-key, list-keys or log; see the top of cli.php');
}

$options = $words = [];
foreach (array_slice($argv, 1) as $argument) {
    if (preg_match('/^--([a-z]+)=(.*)$/Ds', $argument, $match)) {
        $options[$match[1]] = $match[2];
    } else {
        $words[] = $argument;
    }
}
$load = findWpLoad();
if ($load === null) {
    fwrite(STDERR, "no WordPress above this file: set WP_ROOT to the folder of wp-load.php\n");
    exit(1);
}
$_SERVER += [ // many plugins expect them
    'HTTP_HOST' => $options['host'] ?? configured($load, 'DOMAIN_CURRENT_SITE') ?? 'localhost',
    'REQUEST_URI' => configured($load, 'PATH_CURRENT_SITE') ?? '/',
    'REQUEST_METHOD' => 'GET',
    'SERVER_PROTOCOL' => 'HTTP/1.1',
];
define('WP_USE_THEMES', false);
ob_start(); // what plugins print is not ours
require $load;
if (!class_exists(Plugin::class)) {
    require __DIR__ . '/custom-migrator.php'; // not (yet) active
}
while (ob_get_level() > 0 && @ob_end_clean()) {
    continue;
}
try {
    echo json_encode(runCommand($words[0] ?? '', $words[1] ?? '', $options), JSON_UNESCAPED_SLASHES), "\n";
} catch (\InvalidArgumentException $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(2);
}
