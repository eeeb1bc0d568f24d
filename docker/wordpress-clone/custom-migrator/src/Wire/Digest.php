<?php

declare(strict_types=1);

namespace CustomMigrator\Wire;

/** SHA-256 by the fastest way there is: OpenSSL uses the CPU's instructions, PHP's hash() does not. */
final class Digest
{
    private const WHOLE_FILE_BYTES = 1048576;

    /** What hashing may take of a request's time on a slow host. */
    private const LARGEST_FILE_BYTES = 134217728;

    /** @return string 32 raw bytes */
    public static function of(string $bytes): string
    {
        $digest = function_exists('openssl_digest') ? openssl_digest($bytes, 'sha256', true) : false;
        return $digest === false ? hash('sha256', $bytes, true) : $digest;
    }

    /** @return string|null 32 raw bytes, all zero for a file too large to be hashed; null: unreadable */
    public static function ofFile(string $path, int $size): ?string
    {
        if ($size > self::LARGEST_FILE_BYTES) {
            return is_readable($path) ? str_repeat("\0", 32) : null;
        }
        if ($size > self::WHOLE_FILE_BYTES) {
            $digest = @hash_file('sha256', $path, true);
            return $digest === false ? null : $digest;
        }
        $bytes = @file_get_contents($path);
        return $bytes === false ? null : self::of($bytes);
    }
}
