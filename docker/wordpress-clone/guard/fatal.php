<?php

/**
 * A fatal error under an import's smoke test is told to clone-agent, which then knows whose it was.
 *
 * The request names a file that clone-agent has made for it just before, so nobody else can ask; nothing is sent to
 * whoever visits. Whatever would run after a fatal error, a message to the administrator too, does not.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

(static function (string $token): void {
    $file = sys_get_temp_dir() . "/smoke-{$token}";
    if (preg_match('/^[0-9a-f]{32}$/D', $token) !== 1 || !is_file($file)) {
        return;
    }
    $order = file_get_contents($file);
    if (in_array($order, ['forget compiled code', 'forget compiled content'], true)) {
        // Before any code of the site: what PHP has compiled of the image's files may bear the path and time of others.
        $caches = function_exists('opcache_reset');
        if ($caches && $order === 'forget compiled code') {
            opcache_reset();
        } elseif ($caches) {
            $wordpress = '#^' . preg_quote((string) realpath($_SERVER['DOCUMENT_ROOT']), '#')
                . '/(?!wp-config\.php$)(?:wp-admin/|wp-includes/|[^/]+\.php$)#D';
            $compiled = array_keys(opcache_get_status()['scripts'] ?? []);
            foreach (preg_grep($wordpress, $compiled, PREG_GREP_INVERT) as $script) {
                opcache_invalidate($script, true);
            }
        }
        header('X-Clone-PHP: ' . PHP_VERSION);
        http_response_code(204);
        exit;
    }
    register_shutdown_function(static function () use ($file): void {
        $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
        $error = error_get_last();
        if ($error === null || ($error['type'] & $fatal) === 0 || !is_file($file)) {
            return;
        }
        $flags = JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE;
        file_put_contents($file, (string) json_encode($error, $flags));
        exit;
    });
})((string) ($_SERVER['HTTP_X_CLONE_SMOKE'] ?? ''));
