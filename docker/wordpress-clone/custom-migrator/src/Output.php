<?php

declare(strict_types=1);

namespace CustomMigrator;

/** The process's output, made fit for a stream: no buffers, no compression, no caches, no notices in it. */
final class Output
{
    public static function prepare(): void
    {
        // Where ini_set is disabled, a notice would be printed into the stream.
        set_error_handler(static function (int $level, string $message, string $file = '', int $line = 0): bool {
            if ((error_reporting() & $level) !== 0) {
                self::report("$message in $file:$line");
            }
            return true;
        });
        self::tryCall('ini_set', 'display_errors', '0');
        self::tryCall('ini_set', 'zlib.output_compression', '0');
        self::tryCall('apache_setenv', 'no-gzip', '1');
        self::tryCall('set_time_limit', 60);
        self::tryCall('ignore_user_abort', false);
        while (ob_get_level() > 0 && @ob_end_clean()) {
            continue;
        }
        self::sendHeaders();
    }

    /** Into the server's error log, for the operator of the source. */
    public static function report(string $text): void
    {
        self::tryCall('error_log', 'custom-migrator: ' . $text);
    }

    public static function send(string $bytes): void
    {
        echo $bytes;
        if (ob_get_level() > 0) {
            @ob_flush(); // a buffer that cannot be removed must not collect the answer
        }
        flush();
    }

    /** @param mixed ...$arguments of a function that hosts like to disable */
    private static function tryCall(string $function, ...$arguments): void
    {
        if (function_exists($function)) {
            @$function(...$arguments);
        }
    }

    private static function sendHeaders(): void
    {
        if (headers_sent()) {
            return; // something printed before us: the client looks for the magic
        }
        header_remove('Content-Encoding');
        header_remove('Content-Length');
        http_response_code(200);
        header('Content-Type: application/octet-stream');
        header('Content-Encoding: identity');
        header('Cache-Control: no-store, no-cache, private, no-transform, max-age=0');
        header('Pragma: no-cache');
        header('X-Accel-Buffering: no');
        header('X-LiteSpeed-Cache-Control: no-cache');
        header('X-Robots-Tag: noindex');
        header('X-Content-Type-Options: nosniff');
    }
}
