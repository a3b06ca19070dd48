set(data_sources
    src/data/dataset.c
    src/data/column.c
    src/data/split.c
    src/data/arrays.c
    src/data/cifar.c
    src/data/tar.c
    src/data/csv.c
    src/data/csv_dataset.c
    src/data/table.c
    src/data/table_fill.c
    src/data/table_learn.c
    src/data/table_others.c
    src/data/folder.c
    src/data/folder_dataset.c
    src/data/pictures.c
    src/data/pictures_check.c
    src/data/masks.c
    src/data/masks_dataset.c
    src/data/measure.c
    src/data/samples_sum.c
    src/data/idx.c
    src/data/idx_files.c
    src/data/exif.c
    src/data/bmp.c
    src/data/grid.c
    src/data/gif.c
    src/data/image.c
    src/data/resample.c
    src/data/resample_lines.c
    src/data/resize.c
    src/data/loader.c
    src/data/mixing.c
    src/data/npy.c
    src/data/npy_files.c
    src/data/png_write.c
    src/data/stream.c
    src/data/whole.c
    src/data/transform.c
    src/data/transform_augment.c
    src/data/transform_colour.c
    src/data/transform_dataset.c
    src/data/transform_draws.c
    src/data/transform_geometry.c
    src/data/transform_kinds.c
    src/data/transform_masks.c
    src/data/transform_mix.c
    src/data/transform_print.c
    src/data/transform_memory.c
    src/data/transform_part.c
    src/data/transform_run.c
    src/data/transform_sampler.c
    src/data/transform_settle.c
    src/data/transform_sizes.c
    src/data/transform_tensor.c
    src/data/transform_text.c
    src/data/transform_warp.c)

# What reads pictures, or says that this build does not.
set(picture_libraries "")
if(PNG_FOUND)
    list(APPEND data_sources src/data/png.c src/data/png_text.c)
    list(APPEND picture_libraries PNG::PNG)
else()
    list(APPEND data_sources src/data/no_png.c)
endif()
if(JPEG_FOUND)
    list(APPEND data_sources src/data/jpeg.c)
    list(APPEND picture_libraries JPEG::JPEG)
else()
    list(APPEND data_sources src/data/no_jpeg.c)
endif()
if(WebP_FOUND)
    list(APPEND data_sources src/data/webp.c)
    list(APPEND picture_libraries WebP::webpdemux)
else()
    list(APPEND data_sources src/data/no_webp.c)
endif()
if(TIFF_FOUND)
    list(APPEND data_sources src/data/tiff.c)
    list(APPEND picture_libraries TIFF::TIFF)
else()
    list(APPEND data_sources src/data/no_tiff.c)
endif()
