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
    'Open it by its access_url, which GET /clones/{clone_id} shows to whoever may see the clone. '
    . 'A service in the cluster sends the same token in the header X-Clone-Access.'
);
