<?php

/**
 * An upload that is not here yet: Apache sends requests for it this way while uploads still follow (apache.conf).
 *
 * clone-agent fetches that one file from the source now and puts it in its place, where Apache finds it the next time.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneBackfill;

require __DIR__ . '/Upload.php';
require __DIR__ . '/Agent.php';

(static function (): void {
    $upload = Upload::of((string) ($_SERVER['REQUEST_URI'] ?? ''), (string) ($_SERVER['DOCUMENT_ROOT'] ?? ''));
    $found = $upload === null ? false : (new Agent())->fetch($upload->name);
    $file = $upload !== null && $found === true ? $upload->file() : null;
    if ($upload === null || $file === null) {
        http_response_code($found === null ? 503 : 404);
        header('Content-Type: text/plain');
        header('Cache-Control: no-store');
        header($found === null ? 'Retry-After: 2' : 'X-Content-Type-Options: nosniff');
        echo $found === null ? "Still on its way; try again.\n" : "Not here, and not at the source.\n";
        return;
    }
    header('Content-Type: ' . $upload->type);
    header('Content-Length: ' . filesize($file));
    header('Last-Modified: ' . gmdate('D, d M Y H:i:s', (int) filemtime($file)) . ' GMT');
    header('X-Content-Type-Options: nosniff');
    while (ob_get_level() > 0) {
        ob_end_clean();
    }
    readfile($file);
})();
