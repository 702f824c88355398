//! What every store does, shown on each.

mod in_memory {
    roost_actors::blob_store_suite!(crate::stores::memory());
}

mod in_folder {
    roost_actors::blob_store_suite!(crate::stores::folder());
}

mod in_postgres {
    roost_actors::blob_store_suite!(crate::stores::postgres());
}

mod in_s3 {
    roost_actors::blob_store_suite!(crate::stores::s3());
}
