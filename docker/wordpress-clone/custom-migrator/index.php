<?php

// Nothing to see: this folder is not for browsing.
