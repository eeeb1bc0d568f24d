<?php

/**
 * The way into a private clone: /.clone/access?token=... sets the cookie that Apache asks for, and leads on to the site
 * (or, with `to`, to a path of it) without the token.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

require_once dirname(__DIR__) . '/lease.php';
require_once dirname(__DIR__) . '/page.php';

(static function (): never {
    $token = is_string($_GET['token'] ?? null) ? $_GET['token'] : '';
    $known = leased('access');
    if ($known !== 'public') {
        if (preg_match('/^[0-9a-f]{64}$/D', $token) !== 1 || !hash_equals($known, $token)) {
            page(
                403,
                'This link does not open the clone',
                'It may be of an earlier clone. GET /clones/{clone_id} shows the present one.'
            );
        }
        admit($token);
    }
    $to = is_string($_GET['to'] ?? null) ? $_GET['to'] : '';
    // A path of this host: neither //elsewhere nor a backslash that browsers read as a slash.
    onward(preg_match('#^/(?![/\\\\])[\x21-\x5b\x5d-\x7e]*$#D', $to) === 1 ? $to : '/');
})();
