;; Counts a byte value in the first bytes of the memory, 16 at a time.
;; count.ts holds the assembled module (wat2wasm count.wat, 188 bytes).
(module
  (memory (export "memory") 1)
  ;; $length is a multiple of 16. A lane of $lanes is one byte wide: it is emptied into $total
  ;; after 255 steps (4080 bytes), before it can overflow.
  (func (export "count") (param $length i32) (param $byte i32) (result i32)
    (local $i i32) (local $stop i32) (local $pattern v128) (local $lanes v128) (local $total v128)
    (local.set $pattern (i8x16.splat (local.get $byte)))
    (block $done
      (loop $outer
        (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
        (local.set $stop (i32.add (local.get $i) (i32.const 4080)))
        (if (i32.gt_u (local.get $stop) (local.get $length))
          (then (local.set $stop (local.get $length))))
        (local.set $lanes (v128.const i64x2 0 0))
        (loop $inner
          ;; eq gives -1 where the byte matches, so subtracting counts up
          (local.set $lanes
            (i8x16.sub (local.get $lanes) (i8x16.eq (v128.load (local.get $i)) (local.get $pattern))))
          (local.set $i (i32.add (local.get $i) (i32.const 16)))
          (br_if $inner (i32.lt_u (local.get $i) (local.get $stop))))
        (local.set $total
          (i32x4.add (local.get $total)
            (i32x4.extadd_pairwise_i16x8_u (i16x8.extadd_pairwise_i8x16_u (local.get $lanes)))))
        (br $outer)))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $total)) (i32x4.extract_lane 1 (local.get $total)))
      (i32.add (i32x4.extract_lane 2 (local.get $total)) (i32x4.extract_lane 3 (local.get $total))))))
