<?php

/**
 * What a private clone says to whoever has no token, whatever was asked for. Nothing of the site has been read.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

require_once dirname(__DIR__) . '/page.php';

page(
    403,
    'This clone is private',
    'Open it by its access link: whoever asked for this clone finds it in the API, as access_url. '
    . 'A service in the cluster sends the token of that link in the header X-Clone-Access.'
);
