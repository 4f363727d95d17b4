#pragma once

// Under ThreadSanitizer this header gives map fields two more members, which the distribution's
// libprotobuf, compiled without it, knows nothing of: google.protobuf.Struct would have two layouts
// in one program. Found before the real one in such builds only.
#pragma push_macro("__SANITIZE_THREAD__")
#undef __SANITIZE_THREAD__
#include_next <google/protobuf/map_field.h>
#pragma pop_macro("__SANITIZE_THREAD__")
