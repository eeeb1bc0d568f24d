"""clonepool: leases warm WordPress pods, imports live sites into them and proves them clean again."""
