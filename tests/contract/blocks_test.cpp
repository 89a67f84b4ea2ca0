// w_pack, w_vapack, w_unpack, w_packprint, w_free_args: the block format and who owns what.
#include "blocks.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstring>
#include <thread>

namespace {

#ifdef __has_feature  // Only in clang.
#if __has_feature(address_sanitizer)
#define VH_HAS_ADDRESS_SANITIZER
#endif
#endif

// Whether a memory checker stands in for malloc.
bool IsChecked() {
#if defined(__SANITIZE_ADDRESS__) || defined(VH_HAS_ADDRESS_SANITIZER)
  return true;
#else
  const char* preloaded = std::getenv("LD_PRELOAD");
  return preloaded && std::strstr(preloaded, "vgpreload");
#endif
}
const bool kIsChecked = IsChecked();

struct AllLetters {
  long l = 1;
  char* s = nullptr;
  double d = 1;
  void* p = nullptr;
  char** L = nullptr;
  char* D = nullptr;
  struct _object* O = nullptr;
};

const char* const kList[] = {"a", "b", nullptr};

int Unpack(const Block& block, const char* format, AllLetters& out) {
  return Lib().w_unpack(block.get(), format, &out.l, &out.s, &out.d, &out.p, &out.L, &out.D,
                        &out.O);
}

TEST(Blocks, CarryEveryLetter) {
  int object = 0;
  char text[] = "text";
  char json[] = "{\"a\": [1]}";
  const Block block = Pack("lsdpLDO", LONG_MIN, text, -0.5, &object, kList, json, &object);
  ASSERT_TRUE(block);
  EXPECT_STREQ("lsdpLDO", block->format);
  AllLetters out;
  ASSERT_EQ(1, Unpack(block, "lsdpLDO", out));
  EXPECT_EQ(LONG_MIN, out.l);
  EXPECT_EQ(text, out.s) << "strings are not copied";
  EXPECT_EQ(-0.5, out.d);
  EXPECT_EQ(&object, out.p);
  EXPECT_EQ(kList, out.L);
  EXPECT_EQ(json, out.D);
  EXPECT_EQ(static_cast<void*>(&object), out.O);
}

TEST(Blocks, CarryNullForEveryPointer) {
  const Block block =
      Pack("lsdpLDO", 0L, static_cast<char*>(nullptr), 0.0, static_cast<void*>(nullptr),
           static_cast<char**>(nullptr), static_cast<char*>(nullptr), static_cast<void*>(nullptr));
  EXPECT_EQ("lsdpLDO 0 NULL 0 NULL NULL NULL NULL", Describe(block.get()));
}

TEST(Blocks, MayBeEmpty) {
  const Block block = Pack("");
  ASSERT_TRUE(block);
  EXPECT_STREQ("", block->format);
  EXPECT_EQ(1, Lib().w_unpack(block.get(), ""));
}

TEST(Blocks, CopyTheFormatIntoTheirOwnAllocation) {
  char format[] = "l";
  const Block block = Pack(format, 7L);
  format[0] = 's';
  EXPECT_STREQ("l", block->format);
  EXPECT_TRUE(IsInside(block.get(), block->format));
}

TEST(Blocks, KeepTheLowHalfOfAnInt) {
  // Hosts pass int where long is read; the upper half of such an argument is undefined.
  const Block block = Pack("lll", 0, INT_MAX, -1);
  EXPECT_EQ(0, static_cast<int>(block->args[0].l));
  EXPECT_EQ(INT_MAX, static_cast<int>(block->args[1].l));
  EXPECT_EQ(-1, static_cast<int>(block->args[2].l));
}

w_Targs* PackByList(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  w_Targs* block = Lib().w_vapack(format, arguments);
  va_end(arguments);
  return block;
}

TEST(Blocks, PackAVaList) {
  const Block block(PackByList("sdl", "text", 2.5, 3L));
  EXPECT_EQ("sdl \"text\" 2.5 3", Describe(block.get()));
  EXPECT_EQ(nullptr, PackByList("x", 1L));
  EXPECT_EQ(nullptr, PackByList(nullptr));
}

TEST(Blocks, PackMoreArgumentsThanRegistersHold) {
  const Block block = Pack("lllllldddddddddslll", 1L, 2L, 3L, 4L, 5L, 6L, .1, .2, .3, .4, .5, .6,
                           .7, .8, .9, "s", 7L, 8L, 9L);
  ASSERT_TRUE(block);
  EXPECT_EQ(6, block->args[5].l);
  EXPECT_EQ(.9, block->args[14].d);
  EXPECT_STREQ("s", block->args[15].s);
  EXPECT_EQ(9, block->args[18].l);
}

TEST(Blocks, RefuseMalformedFormats) {
  const std::string long_junk = std::string(100000, 'l') + "?";
  for (const char* format : {"x", "|", "s|l", "l|", "lsq", "ls ", " l", "l\n", "tab", "i", "S",
                             "%s", "l,s", "\xff", "l\x01", long_junk.c_str()}) {
    EXPECT_FALSE(Pack(format, 0L, 0L, 0L, 0L)) << "format " << std::string(format).substr(0, 20);
  }
  EXPECT_FALSE(Pack(nullptr));
}

TEST(BlocksUnpack, RefusesMalformedFormats) {
  const Block block = Pack("ll", 1L, 2L);
  for (const char* format : {"lx", "l?", "l l", "l||l", "ll|x", "%d", "tab", "\xff"}) {
    long first = -1, second = -1, third = -1;
    EXPECT_EQ(0, Lib().w_unpack(block.get(), format, &first, &second, &third)) << format;
    EXPECT_EQ(-1, first) << format;
    EXPECT_EQ(-1, second) << format;
  }
  EXPECT_EQ(0, Lib().w_unpack(block.get(), nullptr));
  EXPECT_EQ(0, Lib().w_unpack(nullptr, "l"));
  EXPECT_EQ(0, Lib().w_unpack(nullptr, nullptr));
}

TEST(BlocksUnpack, WritesNothingWhenTheFormatDiffers) {
  const Block block = Pack("ls", 5L, "text");
  for (const char* format : {"l", "s", "ll", "sl", "lsl", "lss", "ld", "lD", "lp", ""}) {
    long first = -1;
    char* second = nullptr;
    long third = -1;
    EXPECT_EQ(0, Lib().w_unpack(block.get(), format, &first, &second, &third)) << format;
    EXPECT_EQ(-1, first) << format;
    EXPECT_EQ(nullptr, second) << format;
    EXPECT_EQ(-1, third) << format;
  }
}

TEST(BlocksUnpack, WritesNothingWhenAnElementHasAnotherType) {
  const Block block = Pack("ll", 1L, 2L);
  block->args[1].type = 's';
  long first = -1, second = -1;
  EXPECT_EQ(0, Lib().w_unpack(block.get(), "ll", &first, &second));
  EXPECT_EQ(-1, first);
  EXPECT_EQ(-1, second);
}

TEST(BlocksUnpack, WritesAbsentOptionalValuesAsZero) {
  AllLetters out;
  out.s = out.D = const_cast<char*>("unset");
  out.p = &out;
  out.L = const_cast<char**>(kList);
  out.O = reinterpret_cast<struct _object*>(&out);
  ASSERT_EQ(1, Unpack(Pack("l", 9L), "l|sdpLDO", out));
  EXPECT_EQ(9, out.l);
  EXPECT_EQ(nullptr, out.s);
  EXPECT_EQ(0.0, out.d);
  EXPECT_EQ(nullptr, out.p);
  EXPECT_EQ(nullptr, out.L);
  EXPECT_EQ(nullptr, out.D);
  EXPECT_EQ(nullptr, out.O);
}

TEST(BlocksUnpack, TakesAnyNumberOfOptionalValues) {
  long first, second, third;
  ASSERT_EQ(1, Lib().w_unpack(Pack("l", 1L).get(), "l|ll", &first, &second, &third));
  EXPECT_EQ((std::vector<long>{1, 0, 0}), (std::vector<long>{first, second, third}));
  ASSERT_EQ(1, Lib().w_unpack(Pack("ll", 1L, 2L).get(), "l|ll", &first, &second, &third));
  EXPECT_EQ((std::vector<long>{1, 2, 0}), (std::vector<long>{first, second, third}));
  ASSERT_EQ(1, Lib().w_unpack(Pack("lll", 1L, 2L, 3L).get(), "l|ll", &first, &second, &third));
  EXPECT_EQ((std::vector<long>{1, 2, 3}), (std::vector<long>{first, second, third}));
  EXPECT_EQ(0, Lib().w_unpack(Pack("").get(), "l|ll", &first, &second, &third));
  EXPECT_EQ(0, Lib().w_unpack(Pack("llll", 1L, 2L, 3L, 4L).get(), "l|ll", &first, &second, &third));
  EXPECT_EQ(0, Lib().w_unpack(Pack("ls", 1L, "x").get(), "l|ll", &first, &second, &third));
  ASSERT_EQ(1, Lib().w_unpack(Pack("").get(), "|l", &first));
  EXPECT_EQ(0, first);
}

TEST(BlocksUnpack, SkipsNullDestinations) {
  const Block block = Pack("lsd", 1L, "text", 2.5);
  double value = 0;
  EXPECT_EQ(1, Lib().w_unpack(block.get(), "lsd", nullptr, nullptr, &value));
  EXPECT_EQ(2.5, value);
}

TEST(BlocksUnpack, ReadsAChatReplacementAsOneText) {
  char* text = nullptr;
  ASSERT_EQ(1, Lib().w_unpack(Pack("ss", nullptr, "new").get(), "s", &text));
  EXPECT_STREQ("new", text);
  text = nullptr;
  EXPECT_EQ(0, Lib().w_unpack(Pack("ss", "nick", "new").get(), "s", &text))
      << "the nick is set too";
  EXPECT_EQ(nullptr, text);
  EXPECT_EQ(0, Lib().w_unpack(Pack("sss", nullptr, "new", "more").get(), "s", &text));
  EXPECT_EQ(0, Lib().w_unpack(Pack("sl", nullptr, 1L).get(), "s", &text));
}

TEST(BlocksPackprint, ShowsValues) {
  const std::string text = Lib().w_packprint(Pack("lsd", -42L, "some text", 2.5).get());
  for (const char* part : {"-42", "some text", "2.5"}) {
    EXPECT_NE(std::string::npos, text.find(part)) << text;
  }
}

TEST(BlocksPackprint, ShowsNull) {
  EXPECT_STREQ("(null)", Lib().w_packprint(nullptr));
  const std::string text = Lib().w_packprint(Pack("slD", nullptr, 7L, nullptr).get());
  EXPECT_NE(std::string::npos, text.find('7')) << text;
}

TEST(BlocksPackprint, ShowsLongBlocksWhole) {
  const std::string text(100000, 'x');
  const std::string format(500, 's');
  Block block(NewBlock(format));
  for (size_t i = 0; i < format.size(); ++i) block->args[i].s = const_cast<char*>(text.c_str());
  const std::string printed = Lib().w_packprint(block.get());
  EXPECT_GE(printed.size(), 500u * 100000u);
}

TEST(BlocksPackprint, TakesAnyBytes) {
  std::string bytes;
  for (int byte = 1; byte < 256; ++byte) bytes += static_cast<char>(byte);
  const std::string printed = Lib().w_packprint(Pack("s", bytes.c_str()).get());
  EXPECT_GE(printed.size(), bytes.size());
}

TEST(BlocksPackprint, IsKeptForEachThread) {
  const char* mine = Lib().w_packprint(Pack("s", "mine").get());
  std::string theirs;
  std::thread([&] { theirs = Lib().w_packprint(Pack("s", "theirs").get()); }).join();
  EXPECT_NE(std::string::npos, std::string(mine).find("mine"));
  EXPECT_NE(std::string::npos, theirs.find("theirs"));
}

// Text in so much memory that glibc always asks the system for it, and gives it back at once: after
// that nothing is at its address. What is not freed the memory checkers find as well.
constexpr size_t kMuch = size_t{64} << 20;
char* MuchText() {
  auto* text = static_cast<char*>(std::calloc(1, kMuch));
  std::strcpy(text, "text");
  return text;
}

// Whether its memory is there: the kernel says so without touching it.
bool IsThere(const char* text) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  unsigned char resident = 0;
  auto* start =
      reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(text) + kMuch / 2) / page * page);
  return mincore(start, 1, &resident) == 0;
}

// Under a memory checker what was freed stays there for a while.
bool IsFreed(const char* text) { return kIsChecked || !IsThere(text); }

TEST(BlocksFreeArgs, FreesTheStringsABlockOwns) {
  auto** list = static_cast<char**>(std::calloc(3, sizeof(char*)));
  list[0] = MuchText();
  list[1] = MuchText();
  char* const text = MuchText();
  char* const json = MuchText();
  char* const last = MuchText();
  const std::vector<const char*> all = {text, json, list[0], list[1], last};
  w_Targs* block = Lib().w_pack("lsdDLss", 1L, text, 1.5, json, list, nullptr, last);
  for (const char* one : all) ASSERT_TRUE(IsThere(one));
  Lib().w_free_args(block);
  Lib().w_free_args(nullptr);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(IsFreed(all[i])) << "string " << i;
}

TEST(BlocksFreeArgs, LeavesStringsInsideTheBlock) {
  // glibc ends the process when it is given what is no allocation.
  char* const own = MuchText();
  w_Targs* block = NewBlock("sss");
  block->args[0].s = const_cast<char*>(block->format);
  block->args[1].s = own;
  block->args[2].s = const_cast<char*>(block->format) + 1;
  Lib().w_free_args(block);
  EXPECT_TRUE(IsFreed(own)) << "the one between them is the block's own";
}

TEST(BlocksFreeArgs, LeavesPointersAndObjects) {
  char* const pointer = MuchText();
  char* const object = MuchText();
  Lib().w_free_args(Lib().w_pack("pO", pointer, object));
  ASSERT_TRUE(IsThere(pointer));
  ASSERT_TRUE(IsThere(object));
  EXPECT_STREQ("text", pointer);
  EXPECT_STREQ("text", object);
  std::free(pointer);
  std::free(object);
}

TEST(BlocksFreeArgs, FreesATabBlock) {
  char* const first = MuchText();
  char* const last = MuchText();
  w_Targs* block = NewBlock("tab");
  block->args[0].type = 's';
  block->args[0].s = first;
  block->args[2].type = 'l';
  block->args[2].l = 5;
  block->args[3].type = 's';
  block->args[3].s = last;
  Lib().w_free_args(block);
  EXPECT_TRUE(IsFreed(first));
  EXPECT_TRUE(IsFreed(last)) << "elements without a type end nothing";
}

TEST(Blocks, ListOfStringsBecomesAJsonArray) {
  EXPECT_EQ("[]", Lib().string_list_to_json({}));
  const std::string json = Lib().string_list_to_json({"nick", "a\"b\\c", "line\nend", ""});
  const OwningBlock block(JsonResult(json.c_str()));
  EXPECT_EQ("D [\"nick\",\"a\\\"b\\\\c\",\"line\\nend\",\"\"]", Describe(block.get()));
}

}  // namespace
