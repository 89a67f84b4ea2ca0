// w_unpack into the variables of real hubs: an int where a long is written, pointers beside it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <numeric>

#include "blocks.hpp"

namespace {

constexpr size_t kMost = 12;
constexpr unsigned char kUntouched = 0xA5;

// Whether the ints of a place lie in pairs, one of them aligned as a long, or each by itself.
enum class Ints { kAlone, kInPairs };

// Variables for the values of a format, one above the other in memory in any order. An upper case
// letter here is a long or another thing of eight bytes, 'i' an int that is unpacked by 'l'.
class Place {
 public:
  Place(const std::string& kinds, const std::vector<size_t>& memory_order, Ints ints)
      : kinds_(kinds) {
    memory_.fill(kUntouched);
    size_t end = sizeof(long);
    for (const size_t index : memory_order) {
      const size_t before = end;
      if (kinds[index] != 'i') {
        end = Aligned(end);
      } else if (ints == Ints::kAlone) {
        // Just below whatever comes next.
        end = Aligned(end) + sizeof(int);
      }
      offsets_[index] = end;
      end += SizeOf(index);
      for (size_t gap = before; gap < offsets_[index]; ++gap) gaps_.push_back(gap);
    }
    for (size_t gap = end; gap < Aligned(end) + sizeof(long); ++gap) gaps_.push_back(gap);
    for (size_t i = 0; i < kinds.size(); ++i) destinations_[i] = &memory_[offsets_[i]];
  }

  int Unpack(const w_Targs* block, const std::string& format) {
    const auto& to = destinations_;
    return Lib().w_unpack(const_cast<w_Targs*>(block), format.c_str(), to[0], to[1], to[2], to[3],
                          to[4], to[5], to[6], to[7], to[8], to[9], to[10], to[11]);
  }

  // The value, as an int is widened.
  long At(size_t index) const {
    if (kinds_[index] == 'i') {
      int value;
      std::memcpy(&value, &memory_[offsets_[index]], sizeof value);
      return value;
    }
    long value;
    std::memcpy(&value, &memory_[offsets_[index]], sizeof value);
    return value;
  }

  // Whether what lies between and above the variables was left alone. The place above an int that
  // is aligned as a long is not among it: nobody can tell the two.
  bool IsTidy() const {
    return std::all_of(gaps_.begin(), gaps_.end(), [&](size_t gap) {
      return memory_[gap] == kUntouched || IsAboveAlignedInt(gap);
    });
  }

 private:
  static size_t Aligned(size_t offset) { return (offset + 7) / 8 * 8; }
  size_t SizeOf(size_t index) const { return kinds_[index] == 'i' ? sizeof(int) : sizeof(long); }
  bool IsAboveAlignedInt(size_t gap) const {
    for (size_t i = 0; i < kinds_.size(); ++i) {
      const size_t from = offsets_[i];
      if (kinds_[i] == 'i' && from % sizeof(long) == 0 && gap >= from &&
          gap < from + sizeof(long)) {
        return true;
      }
    }
    return false;
  }

  std::string kinds_;
  alignas(long) std::array<unsigned char, (kMost + 2) * 16> memory_;
  std::array<size_t, kMost> offsets_{};
  std::array<void*, kMost> destinations_{};
  std::vector<size_t> gaps_;
};

// The letters of the format that fills variables of these kinds.
std::string FormatOf(std::string kinds) {
  std::replace(kinds.begin(), kinds.end(), 'i', 'l');
  return kinds;
}

// Values whose every byte tells where it belongs. Those of ints are negative now and then, so that
// what is written too far is not 0 everywhere.
long SampleOf(char kind, size_t index) {
  const long number = static_cast<long>(index) + 1;
  if (kind == 'i') return index % 2 ? -number : number;
  return 0x0101010101010101L * number;
}

Block Sample(const std::string& kinds) {
  Block block(NewBlock(FormatOf(kinds)));
  for (size_t i = 0; i < kinds.size(); ++i) block->args[i].l = SampleOf(kinds[i], i);
  return block;
}

void Check(const std::string& kinds, const std::vector<size_t>& memory_order, Ints ints) {
  const Block block = Sample(kinds);
  Place place(kinds, memory_order, ints);
  std::string story = "kinds " + kinds + ", upwards in memory:";
  for (const size_t index : memory_order) story += ' ' + std::to_string(index);
  SCOPED_TRACE(story);
  ASSERT_EQ(1, place.Unpack(block.get(), FormatOf(kinds)));
  for (size_t i = 0; i < kinds.size(); ++i) ASSERT_EQ(SampleOf(kinds[i], i), place.At(i)) << i;
  ASSERT_TRUE(place.IsTidy());
}

std::vector<size_t> InOrder(size_t count) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// All kinds in all orders, up to four of them; the pointers are alike.
TEST(UnpackPlaces, KeepPointersBesideInts) {
  for (size_t count = 1; count <= 4; ++count) {
    const std::string all = count < 4 ? "islpdLDO" : "isld";
    std::vector<size_t> choice(count, 0);
    do {
      std::string kinds;
      for (const size_t chosen : choice) kinds += all[chosen];
      std::vector<size_t> order = InOrder(count);
      do {
        for (const Ints ints : {Ints::kAlone, Ints::kInPairs}) Check(kinds, order, ints);
        if (HasFatalFailure()) return;
      } while (std::next_permutation(order.begin(), order.end()));
      size_t digit = 0;
      while (digit < count && ++choice[digit] == all.size()) choice[digit++] = 0;
      if (digit == count) break;
    } while (true);
  }
}

// More values than registers hold, in orders that put each beside each.
TEST(UnpackPlaces, KeepPointersBesideIntsInLongFormats) {
  for (size_t count = 5; count <= kMost; ++count) {
    for (const char* pattern : {"is", "si", "iis", "ssi", "idps", "lis", "isLDOp"}) {
      std::string kinds;
      while (kinds.size() < count) kinds += pattern;
      kinds.resize(count);
      std::vector<size_t> order = InOrder(count);
      for (size_t turn = 0; turn < count; ++turn) {
        std::rotate(order.begin(), order.begin() + 1, order.end());
        const std::vector<size_t> downwards(order.rbegin(), order.rend());
        for (const Ints ints : {Ints::kAlone, Ints::kInPairs}) {
          Check(kinds, order, ints);
          Check(kinds, downwards, ints);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// The same where values are optional, there or absent.
TEST(UnpackPlaces, KeepPointersBesideIntsThatAreAbsent) {
  const std::string kinds = "sisis";
  for (size_t given = 0; given <= kinds.size(); ++given) {
    const Block block = Sample(kinds.substr(0, given));
    for (const bool downwards : {false, true}) {
      std::vector<size_t> order = InOrder(kinds.size());
      if (downwards) std::reverse(order.begin(), order.end());
      Place place(kinds, order, Ints::kAlone);
      ASSERT_EQ(1, place.Unpack(block.get(), "|slsls")) << given;
      for (size_t i = 0; i < kinds.size(); ++i) {
        EXPECT_EQ(i < given ? SampleOf(kinds[i], i) : 0, place.At(i)) << given << " given, " << i;
      }
      EXPECT_TRUE(place.IsTidy());
    }
  }
}

TEST(UnpackPlaces, AreLeftAloneWhenTheFormatDiffers) {
  Place place("is", {0, 1}, Ints::kAlone);
  EXPECT_EQ(0, place.Unpack(Sample("si").get(), "ls"));
  EXPECT_EQ(-0x5A5A5A5BL, place.At(0));
  EXPECT_TRUE(place.IsTidy());
}

#pragma pack(push, 4)
struct Packed {
  int flag;
  char* nick;
  double time;
};
#pragma pack(pop)

// Structures without padding, as some hosts pass them on.
TEST(UnpackPlaces, MayBePacked) {
  const Block block = Pack("sld", "nick", 7L, 2.5);
  alignas(8) Packed packed = {};
  unsigned char* const bytes = reinterpret_cast<unsigned char*>(&packed);
  ASSERT_EQ(1, Lib().w_unpack(block.get(), "sld", bytes + offsetof(Packed, nick),
                              bytes + offsetof(Packed, flag), bytes + offsetof(Packed, time)));
  EXPECT_EQ(7, packed.flag);
  EXPECT_STREQ("nick", packed.nick);
  EXPECT_EQ(2.5, packed.time);
}

}  // namespace
