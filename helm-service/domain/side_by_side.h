#pragma once

#include <cstddef>
#include <functional>

#include "common/operation/executor.h"

namespace berth::helm {

/// Calls `task` with each number below `count`, once, on the calling thread and on those of
/// `helpers` that are free, at most `width` at a time. Returns when all calls have; does not depend
/// on any helper, so that busy or stopped ones only make it slower.
void RunSideBySide(operation::Executor& helpers, std::size_t count, std::size_t width,
                   const std::function<void(std::size_t number)>& task);

}  // namespace berth::helm
