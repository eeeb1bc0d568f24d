<?php

/**
 * A page of the guard's own: plain, not to be kept, and the same for every reason, so that it answers no guesses.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

/** Answer with a status and a few words, and end. */
function page(int $status, string $title, string $text): never
{
    http_response_code($status);
    header('Content-Type: text/html; charset=utf-8');
    header('Cache-Control: no-store');
    header('Referrer-Policy: no-referrer');
    header('Content-Security-Policy: default-src \'none\'');
    $title = htmlspecialchars($title);
    $text = htmlspecialchars($text);
    echo "<!doctype html>\n<html lang=\"en\"><title>{$title}</title>\n",
        "<meta name=\"viewport\" content=\"width=device-width\">\n",
        "<h1>{$title}</h1>\n<p>{$text}</p>\n</html>\n";
    exit;
}

/** Send the visitor on, within the clone; the address with the secret in it is not to be found again. */
function onward(string $path): never
{
    http_response_code(303);
    header('Location: ' . $path);
    header('Cache-Control: no-store');
    header('Referrer-Policy: no-referrer');
    exit;
}
