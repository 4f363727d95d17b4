#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::operation {

/// `text` as valid UTF-8 of at most `max_bytes`: what is not UTF-8 becomes U+FFFD, what is too long
/// is cut between characters and ends in "…".
std::string ClippedText(std::string_view text, std::size_t max_bytes);

/// The same for every text in a message and in the messages within it; maps of texts stay.
void ClipTexts(google::protobuf::Message& message, std::size_t max_bytes);

}  // namespace berth::operation
